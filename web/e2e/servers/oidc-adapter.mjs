// Storage for oidc-provider. The library's own memory adapter is one for the whole process; this one belongs to one
// provider, and a test can empty a table of it.

/** Models that belong to a grant: they go when it is revoked. */
const granted = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken']);

export class MemoryAdapter {
  /** What was used is still as good as new for `grace` seconds. */
  constructor(name, tables, grace = 0) {
    this.name = name;
    this.grace = grace;
    this.tables = tables;
    if (!tables.has(name)) tables.set(name, new Map());
    this.table = tables.get(name);
  }

  async upsert(id, payload, expiresIn) {
    const expires = expiresIn ? Date.now() + expiresIn * 1000 : Infinity;
    this.table.set(id, { payload: structuredClone(payload), expires });
  }

  async find(id) {
    const row = this.table.get(id);
    if (!row) return undefined;
    if (row.expires <= Date.now()) {
      this.table.delete(id);
      return undefined;
    }
    const payload = structuredClone(row.payload);
    if (payload.consumed > Date.now() / 1000 - this.grace) delete payload.consumed;
    return payload;
  }

  async findByUid(uid) {
    for (const [id, row] of this.table) if (row.payload.uid === uid) return this.find(id);
    return undefined;
  }

  async destroy(id) {
    this.table.delete(id);
  }

  async consume(id) {
    const row = this.table.get(id);
    if (row) row.payload.consumed = Math.floor(Date.now() / 1000);
  }

  async revokeByGrantId(grantId) {
    for (const [name, table] of this.tables) {
      if (!granted.has(name)) continue;
      for (const [id, row] of table) if (row.payload.grantId === grantId) table.delete(id);
    }
  }
}

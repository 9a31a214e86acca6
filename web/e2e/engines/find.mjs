// Where an engine's program is, installed if need be.
import { canInstall, inPath, install, runs } from '../../tools/programs.mjs';

/** Throws where there is none: an engine other than Chromium may be missing. */
export function find(packages, names, named) {
  if (named) {
    if (runs(named)) return named;
    throw new Error(`${named} is no program that can be run`);
  }
  let found = inPath(...names);
  if (!found && canInstall()) {
    console.error(`• installing ${packages} by apt`);
    install(...packages.split(' '));
    found = inPath(...names);
  }
  if (found) return found;
  throw new Error(`there is no ${names[0]} in PATH`);
}

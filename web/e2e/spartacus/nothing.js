// In place of what is never used.
export default class {}

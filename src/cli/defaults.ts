/** Read when no file is named. */
export const DEFAULT_FILE = 'scenarios.json';
/** Read instead when only this one is there; what `init` writes. */
export const DEFAULT_WITH_COMMENTS = 'scenarios.jsonc';

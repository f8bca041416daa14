/** How text is set off for the eye. What it says never depends on it. */
export interface Paint {
  strong(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  faint(text: string): string;
}

const as = (text: string): string => text;

/** Leaves text as it is. */
export const PLAIN: Paint = { strong: as, good: as, bad: as, faint: as };

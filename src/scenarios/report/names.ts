/** The ways in which a run can be reported. */
export const REPORTER_NAMES = ['pretty', 'json', 'junit', 'github'] as const;
export type ReporterName = (typeof REPORTER_NAMES)[number];

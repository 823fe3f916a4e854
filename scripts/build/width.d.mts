export const PLAIN: RegExp;

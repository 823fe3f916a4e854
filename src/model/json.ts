/** Plain data as JSON carries it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Milliseconds since the Unix epoch, UTC. */
export type EpochMs = number;
/** RFC 3339 time in UTC with milliseconds, for example `2026-11-23T03:04:05.678Z`. */
export type Rfc3339 = string;
/** `0x` and lower-case hexadecimal digits. */
export type Hex = `0x${string}`;

/**
 * An age in coarse steps, so that a screen changes only when it matters.
 * @param ms age in milliseconds; a negative age (a clock that runs behind) reads `ahead`
 */
export function ageText(ms: number): string {
  if (!Number.isFinite(ms)) return '?';
  const seconds = Math.floor(ms / 1000);
  if (seconds < -2) return 'ahead';
  if (seconds < 5) return 'now';
  if (seconds < 60) return `${Math.floor(seconds / 5) * 5}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

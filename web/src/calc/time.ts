/** Times and ages in words. All clock times are UTC, as bars are. */

/** `12:03:04.123` */
export function clockText(us: number): string {
  return new Date(us / 1_000).toISOString().slice(11, 23);
}

/** `2026-11-22 12:03:04` */
export function dateText(us: number): string {
  return new Date(us / 1_000).toISOString().slice(0, 19).replace('T', ' ');
}

/** The start of a bar, as finely as its interval needs. */
export function startText(us: number, interval_us: number): string {
  const text = new Date(us / 1_000).toISOString();
  if (interval_us >= 86_400_000_000) return text.slice(0, 10);
  const clock = interval_us < 60_000_000 ? text.slice(11, 19) : text.slice(11, 16);
  return `${text.slice(0, 10)} ${clock}`;
}

/** A span in one unit that reads at a glance: `now`, `4 s`, `12 min`, `3 h`, `5 d`. */
export function ageText(age_ms: number): string {
  const s = Math.floor(Math.max(0, age_ms) / 1_000);
  if (s < 1) return 'now';
  if (s < 100) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 100) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 48) return `${h} h`;
  return `${Math.floor(h / 24)} d`;
}

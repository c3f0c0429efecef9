// Values as people read them. Times are in the reader's zone, amounts in US dollars; nothing is rounded to zero.

const number = new Intl.NumberFormat(undefined);
const compact = new Intl.NumberFormat(undefined, {notation: 'compact', maximumFractionDigits: 1});
export const none = '–';

export function formatNumber(value: number | null | undefined): string {
  return value === null || value === undefined ? none : number.format(value);
}

export function formatCompact(value: number | null | undefined): string {
  return value === null || value === undefined ? none : compact.format(value);
}

// Dollars: two decimals from one cent up, else two significant digits, so that a tiny cost is not shown as nothing.
export function formatMoney(value: number | string | null | undefined): string {
  if (value === null || value === undefined || value === '') return none;
  const amount = Number(value);
  if (!Number.isFinite(amount)) return none;
  if (amount === 0) return '$0';
  const size = Math.abs(amount);
  const digits = size >= 1 ? 2 : Math.min(12, 1 - Math.floor(Math.log10(size)) + (size >= 0.01 ? 1 : 0));
  return (amount < 0 ? '-$' : '$') + size.toLocaleString(undefined, {
    minimumFractionDigits: Math.min(digits, 2), maximumFractionDigits: digits,
  });
}

export function formatLatency(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return none;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function formatPercent(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined ? none : `${(share * 100).toFixed(digits)} %`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

const dateTime = new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'medium'});
const shortTime = new Intl.DateTimeFormat(undefined, {
  month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit',
});
const day = new Intl.DateTimeFormat(undefined, {dateStyle: 'medium'});

export const formatDateTime = (iso: string | null | undefined) => (iso ? dateTime.format(new Date(iso)) : none);
export const formatShortTime = (iso: string | null | undefined) => (iso ? shortTime.format(new Date(iso)) : none);
export const formatDay = (iso: string | null | undefined) => (iso ? day.format(new Date(iso)) : none);

const relative = new Intl.RelativeTimeFormat(undefined, {numeric: 'auto', style: 'narrow'});
const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['second', 60], ['minute', 60], ['hour', 24], ['day', 7], ['week', 4.35], ['month', 12], ['year', Infinity],
];
export function formatAgo(iso: string | null | undefined, now = Date.now()): string {
  if (!iso) return none;
  let value = (new Date(iso).getTime() - now) / 1000;
  for (const [unit, size] of steps) {
    if (Math.abs(value) < size) return relative.format(Math.round(value), unit);
    value /= size;
  }
  return none;
}

export const plural = (count: number, one: string, many = `${one}s`) =>
  `${formatNumber(count)} ${count === 1 ? one : many}`;

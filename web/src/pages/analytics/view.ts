// What the page of analytics shows, as its address says it: time, buckets, group and filters.
import type {paths} from '../../api/schema';

export type Query = NonNullable<paths['/api/v1/analytics']['get']['parameters']['query']>;
export type Bucket = NonNullable<Query['bucket']>;
export type Group = NonNullable<Query['groupBy']>[number];

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
export const bucketMs: Record<Bucket, number> = {minute: minuteMs, hour: hourMs, day: dayMs};
const bucketsMax = 2000; // what the server answers at most

export const presets = [
  {value: '1h', label: 'Last hour', ms: hourMs},
  {value: '24h', label: 'Last 24 hours', ms: dayMs},
  {value: '7d', label: 'Last 7 days', ms: 7 * dayMs},
  {value: '30d', label: 'Last 30 days', ms: 30 * dayMs},
  {value: '90d', label: 'Last 90 days', ms: 90 * dayMs},
] as const;
export type Preset = (typeof presets)[number]['value'];
const defaultPreset: Preset = '7d';

// Filters of spans that the page offers. The names are those of the API and of the page of spans.
export const filterKinds = [
  {name: 'model', label: 'Model', group: 'model'},
  {name: 'provider', label: 'Provider', group: 'provider'},
  {name: 'promptSlug', label: 'Prompt', group: 'prompt'},
  {name: 'promptVersion', label: 'Version', group: 'version'},
  {name: 'label', label: 'Label', group: 'label'},
  {
    name: 'spanKind',
    label: 'Kind',
    group: 'kind',
    choices: ['LLM', 'EMBEDDING', 'ROOT', 'TOOL', 'RETRIEVAL', 'CHAIN', 'AGENT', 'OTHER'],
  },
  {name: 'status', label: 'Status', group: 'status', choices: ['SUCCESS', 'ERROR']},
  {name: 'userId', label: 'End user', group: 'user'},
  {name: 'sessionId', label: 'Session', group: 'session'},
  {name: 'tags', label: 'Tag', group: 'tag'},
  {name: 'experimentId', label: 'Experiment', group: 'experiment'},
  {name: 'variant', label: 'Variant', group: 'variant'},
] as const satisfies readonly {name: keyof Query; label: string; group: Group; choices?: readonly string[]}[];
export type FilterName = (typeof filterKinds)[number]['name'];
export const filterOf = (group: Group) => filterKinds.find((kind) => kind.group === group)!;

export type Filters = Partial<Record<FilterName, string>>;

export interface View {
  preset: Preset | null; // null: from and to
  from: number; // milliseconds since 1970
  to: number | null; // null: now
  bucket: Bucket;
  bucketChosen: boolean;
  group: Group | null;
  filters: Filters;
}

// Minutes east of UTC, at that moment.
export const utcOffset = (time: number) => -new Date(time).getTimezoneOffset();

// The begin of the bucket that holds `time`, as the server cuts it.
export function bucketStart(time: number, bucket: Bucket, offsetMinutes: number): number {
  const shift = offsetMinutes * minuteMs;
  return Math.floor((time + shift) / bucketMs[bucket]) * bucketMs[bucket] - shift;
}

export const bucketFits = (bucket: Bucket, span: number) => span / bucketMs[bucket] + 1 <= bucketsMax;

function usualBucket(span: number): Bucket {
  if (span <= 3 * hourMs) return 'minute';
  return span <= 3 * dayMs ? 'hour' : 'day';
}

const parseTime = (text: string | null) => {
  const time = text ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? null : time;
};

export function readView(search: URLSearchParams, now: number): View {
  const customFrom = parseTime(search.get('from'));
  const customTo = parseTime(search.get('to'));
  const custom = customFrom !== null && customFrom < (customTo ?? now);
  const preset = custom
    ? null
    : (presets.find((one) => one.value === search.get('range')) ?? presets.find((one) => one.value === defaultPreset)!);
  const span = custom ? (customTo ?? now) - customFrom : preset!.ms;
  const wanted = search.get('bucket') as Bucket | null;
  const bucketChosen = wanted !== null && wanted in bucketMs && bucketFits(wanted, span);
  const bucket = bucketChosen ? wanted : usualBucket(span);
  // A first bucket that is cut off would look like a rise.
  const from = custom ? customFrom : bucketStart(now - span, bucket, utcOffset(now));
  const group = search.get('by');
  const filters: Filters = {};
  for (const {name} of filterKinds) {
    const value = search.get(name);
    if (value) filters[name] = value;
  }
  return {
    preset: preset?.value ?? null,
    from,
    to: custom ? customTo : null,
    bucket,
    bucketChosen,
    group: filterKinds.find((kind) => kind.group === group)?.group ?? null,
    filters,
  };
}

export function filterQuery(filters: Filters): Query {
  const {tags, promptVersion, ...rest} = filters;
  return {
    ...(rest as Query),
    ...(tags ? {tags: tags.split(',')} : {}),
    ...(promptVersion && Number.isInteger(Number(promptVersion)) ? {promptVersion: Number(promptVersion)} : {}),
  };
}

export function viewQuery(view: View): Query {
  return {
    ...filterQuery(view.filters),
    startDate: new Date(view.from).toISOString(),
    ...(view.to === null ? {} : {endDate: new Date(view.to).toISOString()}),
  };
}

// The begins of all buckets, so that a time without spans shows as such.
export function bucketTimes(view: View, now: number): number[] {
  const offset = utcOffset(now);
  const last = bucketStart((view.to ?? now) - (view.to === null ? 0 : 1), view.bucket, offset);
  const times: number[] = [];
  for (
    let time = bucketStart(view.from, view.bucket, offset);
    time <= last && times.length < bucketsMax;
    time += bucketMs[view.bucket]
  ) {
    times.push(time);
  }
  return times;
}

// The page of spans for a part of what is shown.
export function spansPath(filters: Filters, from: number, to: number | null): string {
  const search = new URLSearchParams(Object.entries(filters));
  search.set('startDate', new Date(from).toISOString());
  if (to !== null) search.set('endDate', new Date(to).toISOString());
  return `/spans?${search}`;
}

const dayFormat = new Intl.DateTimeFormat(undefined, {weekday: 'short', month: 'short', day: 'numeric'});
const momentFormat = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});

// A day is named by its noon: where the clock was changed since, its buckets begin an hour beside midnight.
export const bucketName = (time: number, bucket: Bucket) =>
  bucket === 'day' ? dayFormat.format(time + dayMs / 2) : momentFormat.format(time);

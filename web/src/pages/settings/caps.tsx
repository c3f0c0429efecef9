// Spend caps: so many dollars a day or a month. Amounts are texts, as the server keeps them: exact.
import {SelectField, TextField, formatMoney} from '../../ui';
import type {Schemas} from '../../api/client';

type SpendCap = Schemas['SpendCap'];
export interface CapFieldValues {
  usd: string; // empty: no cap
  period: SpendCap['period'];
}

export const toCapFields = (cap: SpendCap | null): CapFieldValues => ({
  usd: cap?.usd ?? '',
  period: cap?.period ?? 'month',
});

// Throws what a person can read when the amount is none.
export function capFromFields({usd, period}: CapFieldValues): SpendCap | null {
  const amount = usd.trim().replace(/^\$/, '').replace(',', '.');
  if (amount === '') return null;
  if (!/^[0-9]{1,10}([.][0-9]{1,18})?$/.test(amount))
    throw new Error('Write the cap as an amount of dollars, such as 250 or 12.50.');
  return {usd: amount, period};
}

export const capText = (cap: SpendCap) => `${formatMoney(cap.usd)} a ${cap.period}`;

export function CapFields({
  value,
  onChange,
  hint,
}: {
  value: CapFieldValues;
  onChange: (value: CapFieldValues) => void;
  hint?: string;
}) {
  return (
    <div className="form-pair">
      <TextField
        label="Spend cap, US dollars"
        inputMode="decimal"
        placeholder="no cap"
        value={value.usd}
        hint={hint}
        onChange={(usd) => onChange({...value, usd})}
      />
      <SelectField
        label="In each"
        value={value.period}
        onChange={(period) => onChange({...value, period})}
        options={[
          {value: 'day', label: 'day (UTC)'},
          {value: 'month', label: 'month (UTC)'},
        ]}
      />
    </div>
  );
}

// How much of a cap is used, with words beside the colour.
export function UsageBar({spent, cap, label}: {spent: string; cap: SpendCap; label: string}) {
  const share = Number(cap.usd) > 0 ? Number(spent) / Number(cap.usd) : 1;
  const tone = share >= 1 ? 'bad' : share >= 0.8 ? 'warn' : '';
  const percent = Math.min(100, Math.round(share * 100));
  return (
    <div className="column tight">
      <div
        className={`meter ${tone}`}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}>
        <div style={{width: `${percent}%`}} />
      </div>
      <span className="small soft">
        {formatMoney(spent)} of {capText(cap)}
        {share >= 1 ? ': the cap is reached' : share >= 0.8 ? ': nearly reached' : ''}
      </span>
    </div>
  );
}

// Buttons and form fields. Every control has a visible label or an aria-label; errors are tied to their field.
import {Loader2} from 'lucide-react';
import {useId, useState, type ButtonHTMLAttributes, type ComponentPropsWithRef, type ReactNode} from 'react';

type ButtonVariant = 'default' | 'primary' | 'ghost' | 'danger';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: ButtonVariant;
  size?: 'normal' | 'small';
  icon?: ReactNode;
  busy?: boolean; // shows a spinner, and cannot be pressed
}

export function Button({variant = 'default', size = 'normal', icon, busy, className = '', children, ...rest}: ButtonProps &
  {ref?: React.Ref<HTMLButtonElement>}) {
  return (
    <button type="button" {...rest} className={`button ${variant} ${size} ${className}`}
      disabled={rest.disabled || busy} aria-busy={busy || undefined}>
      {busy ? <Loader2 className="spin" size={14} aria-hidden /> : icon}
      {children !== undefined && <span className="truncate">{children}</span>}
    </button>
  );
}

// A button with an icon only; `label` names it for everyone who does not see the icon.
export function IconButton({label, children, variant = 'ghost', size = 'normal', ...rest}: ButtonProps & {label: string;
  ref?: React.Ref<HTMLButtonElement>}) {
  return (
    <button type="button" {...rest} className={`button icon-only ${variant} ${size} ${rest.className ?? ''}`}
      aria-label={label} title={rest.title ?? label}>
      {children}
    </button>
  );
}

interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | null;
  aside?: ReactNode; // at the end of the label's line
  hideLabel?: boolean;
  children: (control: {id: string; 'aria-describedby'?: string; 'aria-invalid'?: true}) => ReactNode;
}

export function Field({label, hint, error, aside, hideLabel, children}: FieldProps) {
  const id = useId();
  const describedBy = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div className="field">
      <div className={hideLabel && !aside ? 'visually-hidden' : 'row between'}>
        <label htmlFor={id}>{label}</label>
        {aside}
      </div>
      {children({id, 'aria-describedby': describedBy || undefined, 'aria-invalid': error ? true : undefined})}
      {error && <p className="field-error" id={`${id}-error`} role="alert">{error}</p>}
      {hint && <p className="field-hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

export interface TextFieldProps extends Omit<ComponentPropsWithRef<'input'>, 'onChange' | 'value'> {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | null;
  hideLabel?: boolean;
  value: string;
  onChange: (value: string) => void;
}

export function TextField({label, hint, error, hideLabel, value, onChange, className = '', ...rest}: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel}>
      {(control) => <input {...rest} {...control} className={`input ${className}`} value={value}
        onChange={(event) => onChange(event.target.value)} />}
    </Field>
  );
}

export interface TextAreaProps extends Omit<ComponentPropsWithRef<'textarea'>, 'onChange' | 'value'> {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | null;
  hideLabel?: boolean;
  value: string;
  onChange: (value: string) => void;
}

export function TextArea({label, hint, error, hideLabel, value, onChange, className = '', ...rest}: TextAreaProps) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel}>
      {(control) => <textarea rows={3} {...rest} {...control} className={`input ${className}`} value={value}
        onChange={(event) => onChange(event.target.value)} />}
    </Field>
  );
}

// A number that may be left empty (null). What is typed is kept as typed until it is a number.
export function NumberField({value, onChange, ...rest}: Omit<TextFieldProps, 'value' | 'onChange'> & {
  value: number | null;
  onChange: (value: number | null) => void;
}) {
  const [text, setText] = useState<string | null>(null);
  const shown = text ?? (value === null ? '' : String(value));
  return (
    <TextField inputMode="decimal" {...rest} value={shown} onBlur={() => setText(null)}
      onChange={(typed) => {
        setText(typed);
        const parsed = typed.trim() === '' ? null : Number(typed);
        if (parsed === null || Number.isFinite(parsed)) onChange(parsed);
      }} />
  );
}

export function SelectField<T extends string>({label, hint, error, hideLabel, value, onChange, options, className = '', ...rest}:
  Omit<ComponentPropsWithRef<'select'>, 'onChange' | 'value'> & {
    label: ReactNode;
    hint?: ReactNode;
    error?: string | null;
    hideLabel?: boolean;
    value: T;
    onChange: (value: T) => void;
    options: readonly {value: T; label: string; disabled?: boolean}[];
  }) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel}>
      {(control) => (
        <select {...rest} {...control} className={`input select ${className}`} value={value}
          onChange={(event) => onChange(event.target.value as T)}>
          {options.map((option) => (
            <option key={option.value} value={option.value} disabled={option.disabled}>{option.label}</option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function Checkbox({label, hint, checked, onChange, disabled}: {
  label: ReactNode;
  hint?: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}) {
  const id = useId();
  return (
    <div className="checkbox">
      <input type="checkbox" id={id} checked={checked} disabled={disabled} aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChange(event.target.checked)} />
      <label htmlFor={id}>{label}</label>
      {hint && <p className="field-hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

// What folds away, and what explains.
import {ChevronRight, CircleHelp} from 'lucide-react';
import {useId, useState, type ReactNode} from 'react';
import {IconButton} from './controls';
import {Popover} from './overlays';

// A heading that shows or hides what is below it. Controlled by `open` where given, else on its own.
export function Disclosure({
  title,
  aside,
  children,
  open: controlled,
  onOpenChange,
  className = '',
}: {
  title: ReactNode;
  aside?: ReactNode; // at the end of the heading's line
  children: ReactNode;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  className?: string;
}) {
  const [own, setOwn] = useState(false);
  const id = useId();
  const open = controlled ?? own;
  return (
    <div className={`disclosure ${className}`}>
      <div className="row">
        <button
          type="button"
          className="disclosure-toggle"
          aria-expanded={open}
          aria-controls={open ? id : undefined}
          onClick={() => (onOpenChange ?? setOwn)(!open)}>
          <ChevronRight size={14} className="disclosure-arrow" aria-hidden />
          <span className="truncate">{title}</span>
        </button>
        {aside}
      </div>
      {open && (
        <div className="disclosure-body" id={id}>
          {children}
        </div>
      )}
    </div>
  );
}

// A question mark that explains the word beside it.
export function Explain({word, children}: {word: string; children: ReactNode}) {
  return (
    <Popover
      trigger={
        <IconButton size="small" className="explain" label={`What is “${word}”?`}>
          <CircleHelp size={13} aria-hidden />
        </IconButton>
      }>
      <div className="explain-text">{children}</div>
    </Popover>
  );
}

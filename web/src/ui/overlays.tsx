// What opens above the page: dialogs, menus, tooltips, messages that pass.
import {MoreHorizontal, X} from 'lucide-react';
import {Dialog as RadixDialog, DropdownMenu, Popover as RadixPopover, Tabs as RadixTabs} from 'radix-ui';
import {createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode} from 'react';
import {messageOf} from '../api/client';
import {Button, IconButton} from './controls';

export function Dialog({open, onOpenChange, title, description, children, actions, wide}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
  wide?: boolean;
}) {
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpenChange}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="scrim" />
        <RadixDialog.Content className={`dialog ${wide ? 'wide' : ''}`} {...(description ? {} : {'aria-describedby': undefined})}>
          <header className="dialog-head">
            <RadixDialog.Title asChild><h2 className="grow">{title}</h2></RadixDialog.Title>
            <RadixDialog.Close asChild><IconButton label="Close" size="small"><X size={16} aria-hidden /></IconButton></RadixDialog.Close>
          </header>
          <div className="dialog-body">
            {description && <RadixDialog.Description asChild><div className="soft">{description}</div></RadixDialog.Description>}
            {children}
          </div>
          {actions && <footer className="dialog-actions">{actions}</footer>}
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

export interface MenuItem {
  label: ReactNode;
  icon?: ReactNode;
  hint?: ReactNode; // at the end of the line
  danger?: boolean;
  disabled?: boolean;
  checked?: boolean; // shows a mark; a choice among several
  onSelect: () => void;
}

export function Menu({trigger, items, label, align = 'end', onClosed}: {
  trigger: ReactNode; // a button
  items: (MenuItem | 'separator')[];
  label?: string; // a heading
  align?: 'start' | 'end';
  onClosed?: (event: Event) => void; // before focus goes back to the trigger; preventDefault() keeps it where it is
}) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align={align} sideOffset={4} collisionPadding={8}
          onCloseAutoFocus={onClosed}>
          {label && <DropdownMenu.Label className="menu-label">{label}</DropdownMenu.Label>}
          {items.map((item, i) => item === 'separator' ? <DropdownMenu.Separator key={i} className="menu-separator" /> : (
            <DropdownMenu.Item key={i} className={`menu-item ${item.danger ? 'danger' : ''}`} disabled={item.disabled}
              onSelect={item.onSelect}>
              {item.checked !== undefined && <span className="menu-check" aria-hidden>{item.checked ? '✓' : ''}</span>}
              {item.icon}
              <span className="grow truncate">{item.label}</span>
              {item.checked && <span className="visually-hidden">(chosen)</span>}
              {item.hint && <span className="faint small">{item.hint}</span>}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

// The three dots at the end of a row: what can be done with it.
export function MoreMenu({label, items, size}: {
  label: string; // for those who do not see it: names the row
  items: (MenuItem | 'separator')[];
  size?: 'small';
}) {
  const dots = (
    <IconButton size={size} label={label}>
      <MoreHorizontal size={size ? 15 : 16} aria-hidden />
    </IconButton>
  );
  return <Menu items={items} trigger={dots} />;
}

export function Popover({trigger, children, align = 'start', open, onOpenChange}: {
  trigger: ReactNode;
  children: ReactNode;
  align?: 'start' | 'end';
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}) {
  return (
    <RadixPopover.Root open={open} onOpenChange={onOpenChange}>
      <RadixPopover.Trigger asChild>{trigger}</RadixPopover.Trigger>
      <RadixPopover.Portal>
        <RadixPopover.Content className="popover" align={align} sideOffset={4} collisionPadding={8}>{children}</RadixPopover.Content>
      </RadixPopover.Portal>
    </RadixPopover.Root>
  );
}

export function Tabs<T extends string>({value, onChange, tabs, label, children}: {
  value: T;
  onChange: (value: T) => void;
  tabs: readonly {value: T; label: ReactNode}[];
  label: string;
  children: ReactNode; // of the chosen tab
}) {
  return (
    <RadixTabs.Root value={value} onValueChange={(chosen) => onChange(chosen as T)}>
      <RadixTabs.List className="tabs" aria-label={label}>
        {tabs.map((tab) => <RadixTabs.Trigger key={tab.value} value={tab.value} className="tab">{tab.label}</RadixTabs.Trigger>)}
      </RadixTabs.List>
      <RadixTabs.Content value={value} className="tab-panel" tabIndex={-1}>{children}</RadixTabs.Content>
    </RadixTabs.Root>
  );
}

// --- Messages that pass, and questions ---

interface Toast {
  id: number;
  tone: 'good' | 'bad' | 'neutral';
  text: ReactNode;
  action?: {label: string; onPress: () => void};
}
interface Question {
  title: string;
  text?: ReactNode;
  confirm: string;
  danger?: boolean;
  resolve: (yes: boolean) => void;
}
interface Feedback {
  toast(text: ReactNode, action?: Toast['action']): void;
  toastError(error: unknown): void;
  // Asks, and says whether the answer was yes.
  confirm(question: Omit<Question, 'resolve'>): Promise<boolean>;
}
const FeedbackContext = createContext<Feedback | null>(null);

export function useFeedback(): Feedback {
  const value = useContext(FeedbackContext);
  if (!value) throw new Error('useFeedback: outside its provider');
  return value;
}

const toastMs = {good: 5000, neutral: 5000, bad: 12_000};

export function FeedbackProvider({children}: {children: ReactNode}) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const [question, setQuestion] = useState<Question | null>(null);
  const nextId = useRef(1);
  const remove = useCallback((id: number) => setToasts((list) => list.filter((toast) => toast.id !== id)), []);
  const feedback = useMemo<Feedback>(() => {
    const show = (toast: Omit<Toast, 'id'>) => {
      const id = nextId.current++;
      setToasts((list) => [...list.slice(-3), {...toast, id}]);
      setTimeout(() => remove(id), toastMs[toast.tone]);
    };
    return {
      toast: (text, action) => show({tone: 'good', text, action}),
      toastError: (error) => show({tone: 'bad', text: messageOf(error)}),
      confirm: (asked) => new Promise((resolve) => setQuestion({...asked, resolve})),
    };
  }, [remove]);
  const answer = (yes: boolean) => {
    question?.resolve(yes);
    setQuestion(null);
  };
  return (
    <FeedbackContext.Provider value={feedback}>
      {children}
      <Dialog open={question !== null} onOpenChange={(open) => !open && answer(false)} title={question?.title ?? ''}
        description={question?.text}
        actions={<>
          <Button onClick={() => answer(false)}>Cancel</Button>
          <Button variant={question?.danger ? 'danger' : 'primary'} onClick={() => answer(true)} autoFocus>
            {question?.confirm}
          </Button>
        </>} />
      <div className="toasts" role="region" aria-label="Messages" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.id} className={`toast ${toast.tone}`}>
            <div className="grow wrap">{toast.text}</div>
            {toast.action && <Button size="small" onClick={toast.action.onPress}>{toast.action.label}</Button>}
            <IconButton size="small" label="Dismiss" onClick={() => remove(toast.id)}><X size={14} aria-hidden /></IconButton>
          </div>
        ))}
      </div>
    </FeedbackContext.Provider>
  );
}

// A JSON value as a tree that folds. Long texts and lists are cut, with a button for the rest.
import {useState} from 'react';
import {Button} from '../ui';
import './content.css';

const shownAtFirst = 50;
const textMax = 500;

function Text({value}: {value: string}) {
  const [whole, setWhole] = useState(false);
  const cut = !whole && value.length > textMax;
  return (
    <span className="json-string wrap">
      {JSON.stringify(cut ? value.slice(0, textMax) : value)}
      {cut && (
        <Button size="small" variant="ghost" onClick={() => setWhole(true)}>
          … all {value.length} characters
        </Button>
      )}
    </span>
  );
}

function Node({name, value, depth, openTo}: {name?: string; value: unknown; depth: number; openTo: number}) {
  const [open, setOpen] = useState(depth < openTo);
  const [count, setCount] = useState(shownAtFirst);
  const label = name === undefined ? null : <span className="json-key">{name}: </span>;
  if (typeof value === 'string')
    return (
      <div className="json-line">
        {label}
        <Text value={value} />
      </div>
    );
  if (value === null || typeof value !== 'object') {
    return (
      <div className="json-line">
        {label}
        <span className="json-scalar">{String(value)}</span>
      </div>
    );
  }
  const entries = Array.isArray(value) ? value.map((item, i) => [String(i), item] as const) : Object.entries(value);
  const brackets = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return (
    <div className="json-line">
      <button type="button" className="json-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className="json-arrow" aria-hidden>
          {open ? '▾' : '▸'}
        </span>
        {label}
        <span className="faint">{open ? brackets[0] : `${brackets[0]} ${entries.length} ${brackets[1]}`}</span>
      </button>
      {open && (
        <div className="json-children">
          {entries.slice(0, count).map(([key, item]) => (
            <Node key={key} name={key} value={item} depth={depth + 1} openTo={openTo} />
          ))}
          {entries.length > count && (
            <Button size="small" variant="ghost" onClick={() => setCount(count + 500)}>
              {entries.length - count} more
            </Button>
          )}
        </div>
      )}
      {open && <span className="faint">{brackets[1]}</span>}
    </div>
  );
}

export function JsonTree({value, openTo = 2}: {value: unknown; openTo?: number}) {
  return (
    <div className="json-tree mono">
      <Node value={value} depth={0} openTo={openTo} />
    </div>
  );
}

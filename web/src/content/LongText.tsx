// A text that someone else wrote, of any length: formatted (markdown, or JSON as a tree) or exactly as it is. Only its
// beginning is drawn until more is asked for, so that a text of megabytes opens at once.
import {useMemo, useState} from 'react';
import {Button, CopyButton, formatNumber} from '../ui';
import {JsonTree} from './JsonTree';
import {Markdown} from './Markdown';
import {jsonOf} from './messages';
import './content.css';

const firstCharacters = 12_000;
const moreCharacters = 200_000;
const markdownMax = 60_000; // beyond it, parsing would be felt

export type TextMode = 'formatted' | 'plain';

export function PlainText({text, mono}: {text: string; mono?: boolean}) {
  const [shown, setShown] = useState(firstCharacters);
  return (
    <>
      <p className={`plain-text ${mono ? 'mono' : ''}`} dir="auto">{text.slice(0, shown)}</p>
      <More text={text} shown={shown} onMore={() => setShown(shown + moreCharacters)} />
    </>
  );
}

function More({text, shown, onMore}: {text: string; shown: number; onMore: () => void}) {
  const left = text.length - shown;
  if (left <= 0) return null;
  return (
    <div className="row wrapping text-more">
      <Button size="small" onClick={onMore}>
        {left <= moreCharacters ? `Show all (${formatNumber(left)} characters more)` : `Show more (${formatNumber(left)} characters left)`}
      </Button>
      <CopyButton text={text}>Copy all</CopyButton>
    </div>
  );
}

export function LongText({text, mode}: {text: string; mode: TextMode}) {
  const [shown, setShown] = useState(firstCharacters);
  const json = useMemo(() => (mode === 'formatted' ? jsonOf(text) : undefined), [mode, text]);
  if (json !== undefined) return <JsonTree value={json} />;
  if (mode === 'plain' || shown > markdownMax) return <PlainText text={text} />;
  return (
    <>
      <div dir="auto"><Markdown text={text.slice(0, shown)} /></div>
      <More text={text} shown={shown} onMore={() => setShown(shown + moreCharacters)} />
    </>
  );
}

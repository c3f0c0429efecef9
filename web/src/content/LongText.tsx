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

export const PlainText = ({text, mono}: {text: string; mono?: boolean}) => (
  <LongText text={text} mode="plain" mono={mono} />
);

function More({text, shown, onMore}: {text: string; shown: number; onMore: () => void}) {
  const left = text.length - shown;
  if (left <= 0) return null;
  return (
    <div className="row wrapping text-more">
      <Button size="small" onClick={onMore}>
        {left <= moreCharacters
          ? `Show all (${formatNumber(left)} characters more)`
          : `Show more (${formatNumber(left)} characters left)`}
      </Button>
      <CopyButton text={text}>Copy all</CopyButton>
    </div>
  );
}

export function LongText({text, mode, mono}: {text: string; mode: TextMode; mono?: boolean}) {
  const [shown, setShown] = useState(firstCharacters);
  const json = useMemo(() => (mode === 'formatted' ? jsonOf(text) : undefined), [mode, text]);
  if (json !== undefined) return <JsonTree value={json} />;
  const beginning = text.slice(0, shown);
  return (
    <>
      {mode === 'plain' || shown > markdownMax ? (
        <p className={`plain-text ${mono ? 'mono' : ''}`} dir="auto">
          {beginning}
        </p>
      ) : (
        <div dir="auto">
          <Markdown text={beginning} />
        </div>
      )}
      <More text={text} shown={shown} onMore={() => setShown(shown + moreCharacters)} />
    </>
  );
}

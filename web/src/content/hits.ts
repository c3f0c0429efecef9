// Marks the places where the words of a search occur, in whatever is drawn inside an element, without touching it: the
// browser paints the ranges (CSS Custom Highlight API). Where a browser cannot, nothing is marked.
import {useEffect, type RefObject} from 'react';

const rangesMax = 2000;
const charactersMax = 2_000_000;

// The words of a search that are worth marking.
export const wordsOf = (query: string) =>
  [
    ...new Set(
      query
        .toLowerCase()
        .split(/[\s*]+/)
        .filter((word) => word.length > 1),
    ),
  ].slice(0, 20);

// Where `words` occur in a text, as [start, end).
export function findHits(text: string, words: string[], max = rangesMax): [number, number][] {
  const lower = text.toLowerCase();
  // Some letters change their length in lower case ("İ"); positions would then be wrong.
  const from = lower.length === text.length ? lower : text;
  const hits: [number, number][] = [];
  for (const word of words) {
    for (let at = from.indexOf(word); at >= 0 && hits.length < max; at = from.indexOf(word, at + word.length)) {
      hits.push([at, at + word.length]);
    }
  }
  return hits;
}

export function useHits(element: RefObject<HTMLElement | null>, words: string[]) {
  const wanted = words.join('\n');
  useEffect(() => {
    const root = element.current;
    const registry = typeof CSS !== 'undefined' && 'highlights' in CSS ? CSS.highlights : null;
    if (!root || !registry || !wanted) return;
    const list = wanted.split('\n');
    let timer = 0;
    const mark = () => {
      const highlight = new Highlight();
      let read = 0;
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      for (
        let node = walker.nextNode();
        node && highlight.size < rangesMax && read < charactersMax;
        node = walker.nextNode()
      ) {
        const text = node.nodeValue ?? '';
        read += text.length;
        for (const [start, end] of findHits(text, list, rangesMax - highlight.size)) {
          const range = new Range();
          range.setStart(node, start);
          range.setEnd(node, end);
          highlight.add(range);
        }
      }
      registry.set('hits', highlight);
    };
    mark();
    const observer = new MutationObserver(() => {
      clearTimeout(timer);
      timer = window.setTimeout(mark, 60);
    });
    observer.observe(root, {childList: true, subtree: true, characterData: true});
    return () => {
      observer.disconnect();
      clearTimeout(timer);
      registry.delete('hits');
    };
  }, [element, wanted]);
}

// JSON: coloured by the kinds of its syntax tree, with classes, so that the colours come from the tokens.
import {json, jsonParseLinter} from '@codemirror/lang-json';
import {bracketMatching, indentOnInput, indentUnit, syntaxTree} from '@codemirror/language';
import {linter} from '@codemirror/lint';
import type {Extension} from '@codemirror/state';
import {Decoration, ViewPlugin, type DecorationSet, type EditorView, type ViewUpdate} from '@codemirror/view';

const marks = new Map([
  ['PropertyName', Decoration.mark({class: 'cm-json-key'})],
  ['String', Decoration.mark({class: 'cm-json-string'})],
  ['Number', Decoration.mark({class: 'cm-json-scalar'})],
  ['True', Decoration.mark({class: 'cm-json-scalar'})],
  ['False', Decoration.mark({class: 'cm-json-scalar'})],
  ['Null', Decoration.mark({class: 'cm-json-scalar'})],
]);

function decorate(view: EditorView): DecorationSet {
  const ranges: ReturnType<Decoration['range']>[] = [];
  for (const {from, to} of view.visibleRanges) {
    syntaxTree(view.state).iterate({from, to, enter: (node) => {
      const mark = marks.get(node.name);
      if (mark && node.from < node.to) ranges.push(mark.range(node.from, node.to));
    }});
  }
  return Decoration.set(ranges, true);
}

const highlight = ViewPlugin.fromClass(class {
  decorations: DecorationSet;
  constructor(view: EditorView) {
    this.decorations = decorate(view);
  }
  update(update: ViewUpdate) {
    if (update.docChanged || update.viewportChanged || syntaxTree(update.startState) !== syntaxTree(update.state)) {
      this.decorations = decorate(update.view);
    }
  }
}, {decorations: (plugin) => plugin.decorations});

const check = jsonParseLinter();

export function jsonExtensions(): Extension {
  return [
    json(), highlight, bracketMatching(), indentOnInput(), indentUnit.of('  '),
    // Nothing at all is no mistake: it means none.
    linter((view) => (view.state.doc.toString().trim() === '' ? [] : check(view)), {delay: 250}),
  ];
}

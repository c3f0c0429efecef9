// Text of a model as markdown. It is hostile: no HTML passes, addresses other than http(s) and mailto are dropped by
// react-markdown, and images are shown as links, because a page that fetched them would tell their host who reads what.
import {lazy, Suspense} from 'react';
import './content.css';

const load = () => import('./markdown-body');
const Body = lazy(load);
// Pages that show content will need it; by then it is here, and nothing changes its size under the reader's eyes.
load().catch(() => {});

export function Markdown({text}: {text: string}) {
  return <Suspense fallback={<p className="plain-text">{text}</p>}><Body text={text} /></Suspense>;
}

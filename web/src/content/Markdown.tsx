// Text of a model as markdown. It is hostile: no HTML passes, addresses other than http(s) and mailto are dropped by
// react-markdown, and images are shown as links, because a page that fetched them would tell their host who reads what.
import {later} from '../ui';
import './content.css';

export const Markdown = later<{text: string}>(() => import('./markdown-body'), ({text}) => <p className="plain-text">{text}</p>);
// Pages that show content will need it; by then it is here, and nothing changes its size under the reader's eyes.
const whenIdle = window.requestIdleCallback ?? ((work: () => void) => setTimeout(work, 500)); // Safari has none
whenIdle(() => void Markdown.fetch().catch(() => {}));

import ReactMarkdown, {type Components} from 'react-markdown';
import remarkGfm from 'remark-gfm';
import {CodeBlock} from '../ui';

const components: Components = {
  a: ({href, children}) => <a href={href} target="_blank" rel="noopener noreferrer nofollow">{children}</a>,
  img: ({src, alt}) => <a href={typeof src === 'string' ? src : undefined} target="_blank" rel="noopener noreferrer nofollow">[image: {alt || 'no description'}]</a>,
  pre: ({children}) => <>{children}</>,
  code: ({className, children}) => {
    const text = String(children ?? '');
    const language = /language-(\S+)/.exec(className ?? '')?.[1];
    return language || text.includes('\n') ? <CodeBlock code={text.replace(/\n$/, '')} language={language} /> : <code>{children}</code>;
  },
};

export default function MarkdownBody({text}: {text: string}) {
  return <div className="markdown"><ReactMarkdown remarkPlugins={[remarkGfm]} components={components} skipHtml={false}>{text}</ReactMarkdown></div>;
}

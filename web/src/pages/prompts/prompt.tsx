import {PageHeader} from '../../ui';

export default function Prompt(_: {slug: string; tab?: string}) {
  return <div className="page"><PageHeader title="Prompt" /></div>;
}

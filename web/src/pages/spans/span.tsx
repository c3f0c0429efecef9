import {PageHeader} from '../../ui';

export default function Span(_: {id: string}) {
  return <div className="page"><PageHeader title="Span" /></div>;
}

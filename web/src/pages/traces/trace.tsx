import {PageHeader} from '../../ui';

export default function Trace(_: {id: string}) {
  return <div className="page"><PageHeader title="Trace" /></div>;
}

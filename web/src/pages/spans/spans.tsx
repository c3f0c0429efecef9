import {PageHeader} from '../../ui';

export default function Spans() {
  return <div className="page"><PageHeader title="Spans" /></div>;
}

import {PageHeader} from '../../ui';

export default function Experiments() {
  return <div className="page"><PageHeader title="Experiments" /></div>;
}

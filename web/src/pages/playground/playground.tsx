import {PageHeader} from '../../ui';

export default function Playground() {
  return <div className="page"><PageHeader title="Playground" /></div>;
}

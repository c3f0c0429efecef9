import {PageHeader} from '../../ui';

export default function Traces() {
  return <div className="page"><PageHeader title="Traces" /></div>;
}

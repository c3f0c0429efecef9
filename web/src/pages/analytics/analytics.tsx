import {PageHeader} from '../../ui';

export default function Analytics() {
  return <div className="page"><PageHeader title="Analytics" /></div>;
}

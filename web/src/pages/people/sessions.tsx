import {PageHeader} from '../../ui';

export default function Sessions() {
  return <div className="page"><PageHeader title="Sessions" /></div>;
}

import {PageHeader} from '../../ui';

export default function Users() {
  return <div className="page"><PageHeader title="Users" /></div>;
}

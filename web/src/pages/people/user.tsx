import {PageHeader} from '../../ui';

export default function User(_: {id: string}) {
  return <div className="page"><PageHeader title="User" /></div>;
}

import {PageHeader} from '../../ui';

export default function SessionPage(_: {id: string}) {
  return <div className="page"><PageHeader title="SessionPage" /></div>;
}

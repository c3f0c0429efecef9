import {PageHeader} from '../../ui';

export default function Settings(_: {section?: string}) {
  return <div className="page"><PageHeader title="Settings" /></div>;
}

import {PageHeader} from '../../ui';

export default function Experiment(_: {slug: string; id: string}) {
  return <div className="page"><PageHeader title="Experiment" /></div>;
}

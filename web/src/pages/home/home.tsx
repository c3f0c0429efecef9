import {PageHeader} from '../../ui';

export default function Home() {
  return <div className="page"><PageHeader title="Home" /></div>;
}

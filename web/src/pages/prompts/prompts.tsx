import {PageHeader} from '../../ui';

export default function Prompts() {
  return <div className="page"><PageHeader title="Prompts" /></div>;
}

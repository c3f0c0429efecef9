// Catches what a page throws while it draws, so that the rest stays usable.
import {Component, type ReactNode} from 'react';
import {onReachable, reportUnreachable} from '../api/client';
import {Button, EmptyState} from '../ui';

// The files of a page that is opened for the first time could not be fetched.
const isLoadFailure = (error: Error) => /dynamically imported module|module script|preload CSS/i.test(error.message);

type State = {error: Error | null; outdated: boolean};

export class Crash extends Component<{at: string; children: ReactNode}, State> {
  override state: State = {error: null, outdated: false};
  private stop: (() => void) | null = null;

  static getDerivedStateFromError(error: Error) {
    return {error};
  }
  override componentDidCatch(error: Error) {
    if (!isLoadFailure(error)) return;
    // Either the server is away, or it is a newer release with other files. Ask which.
    fetch('/healthz', {cache: 'no-store'}).then(
      () => this.setState({outdated: true}),
      () => {
        reportUnreachable();
        // A module that failed once stays failed for its browser: only a reload fetches it anew.
        this.stop = onReachable(() => location.reload());
      },
    );
  }
  // Another address is another page: it gets its chance. A page keeps its state while it moves among its own addresses.
  override componentDidUpdate(before: {at: string}) {
    if (before.at === this.props.at || !this.state.error) return;
    this.stop?.();
    this.setState({error: null, outdated: false});
  }
  override componentWillUnmount() {
    this.stop?.();
  }
  override render() {
    const {error, outdated} = this.state;
    if (!error) return this.props.children;
    if (isLoadFailure(error) && !outdated) {
      return <EmptyState title="The server does not answer">This page opens as soon as it is back.</EmptyState>;
    }
    return (
      <EmptyState title={outdated ? 'The server was updated' : 'This page could not be shown'}
        actions={<Button variant="primary" onClick={() => location.reload()}>Reload</Button>}>
        {outdated ? 'Reload to get the new dashboard.' : error.message}
      </EmptyState>
    );
  }
}

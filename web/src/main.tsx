import {QueryClient, QueryClientProvider} from '@tanstack/react-query';
import {setNonce} from 'get-nonce';
import {StrictMode} from 'react';
import {createRoot} from 'react-dom/client';
import {ApiError} from './api/client';
import {App} from './app';
import {FeedbackProvider} from './ui';
import './styles/tokens.css';
import './styles/base.css';
import './styles/components.css';
import './styles/shell.css';
import {applyTheme} from './shell/theme';

applyTheme();
// Libraries that add a <style> of their own may, with the nonce of this page.
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;
if (nonce) setNonce(nonce);

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // What the server refused stays refused; only silence and "try again" are worth another try.
      retry: (count, error) => count < 2 && (!(error instanceof ApiError) || error.offline || error.status === 503),
    },
  },
});

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <FeedbackProvider>
        <App />
      </FeedbackProvider>
    </QueryClientProvider>
  </StrictMode>,
);

import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { tap } from 'rxjs';

const query = gql`
  query Thing {
    thing {
      id
      name
    }
  }
`;
const mutation = gql`
  mutation Echo($input: String!) {
    echo(input: $input) {
      length
    }
  }
`;

export const create = () => {
  const counts = { requests: 0, answers: 0 };
  const count = new ApolloLink((operation, forward) => {
    counts.requests++;
    const answered = () => void counts.answers++;
    return forward(operation).pipe(tap({ next: answered, error: answered }));
  });
  const client = new ApolloClient({
    link: count.concat(new HttpLink({ fetch: globalThis.given, uri: ({ getContext }) => getContext().url })),
    cache: new InMemoryCache(),
    // Ten that are equal are ten all the same.
    queryDeduplication: false,
  });
  return {
    counts,
    async send({ url, method, data, headers, signal }) {
      const how = { context: { url, headers, fetchOptions: { signal } }, fetchPolicy: 'no-cache' };
      const result =
        method == 'POST'
          ? await client.mutate({ ...how, mutation, variables: { input: data } })
          : await client.query({ ...how, query });
      const { __typename, ...of } = Object.values(result.data)[0];
      return { status: 200, data: of, own: 'data' in result };
    },
    outcome: ({ name, statusCode }) => `${name}${statusCode ? ` ${statusCode}` : ''}`,
  };
};

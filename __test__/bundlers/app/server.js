import { createServer } from 'node:http';
import { texts } from './tasks.js';

const service = await texts.launchService();

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const params = [searchParams.get('text') ?? ''];
  try {
    if (pathname === '/count') response.end(String(await texts({ name: 'count', params })));
    else if (pathname === '/longest') response.end(await service.call({ name: 'longest', params }));
    else response.writeHead(404).end();
  } catch (error) {
    response.writeHead(500).end(error.message);
  }
});
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => console.log(server.address().port));

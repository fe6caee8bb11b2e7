const { tasks } = require('./tasks.cjs');

tasks.then(async (api) => {
  const service = await api.launchService();
  console.log(await api({ name: 'add', params: [2, 3] }), await service.call({ name: 'add', params: [4, 5] }));
  await service.close();
});

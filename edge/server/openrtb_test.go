package server

const bidRequest = `{"id":"r-1","imp":[{"id":"i-1","tagid":"1001","banner":{"format":[{"w":300,"h":250}]}}]}`

"""The PostgreSQL engine: a writer and readers on asyncpg, guards as triggers, several processes in turn."""

#!/bin/sh
# Run once by the image of PostgreSQL, in a new database: the bot's role, which owns no table.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="${PAYBRIDGE_ROLE_PASSWORD:?must be set in docker/.env}" \
	--username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
CREATE ROLE paybridge LOGIN PASSWORD :'password';
REVOKE TEMPORARY ON DATABASE paybridge FROM PUBLIC;
SQL

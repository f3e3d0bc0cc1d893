-- post-refresh.sql - a copy must not act as production does. Name it in hooks.post_refresh; it runs in
-- the fresh database, before the pending migrations and before anybody can connect to it.
-- Adapt the second part to your tables.

-- What would reach other servers: passwords of foreign servers, subscriptions, scheduled jobs.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT srvname, CASE usename WHEN 'public' THEN 'PUBLIC' ELSE quote_ident(usename) END AS role
                  FROM pg_catalog.pg_user_mappings LOOP
        EXECUTE format('DROP USER MAPPING FOR %s SERVER %I', item.role, item.srvname);
    END LOOP;
    FOR item IN SELECT subname FROM pg_catalog.pg_subscription
                 WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database
                                   WHERE datname = current_database()) LOOP
        EXECUTE format('ALTER SUBSCRIPTION %I DISABLE', item.subname);
        EXECUTE format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', item.subname);
        EXECUTE format('DROP SUBSCRIPTION %I', item.subname);
    END LOOP;
    IF to_regclass('cron.job') IS NOT NULL THEN
        UPDATE cron.job SET active = false;
    END IF;
END
$$;

-- What the application would do: mail in its queue, hooks it would call, jobs it would run.
-- DELETE FROM public.outgoing_mail;
-- UPDATE public.webhooks SET enabled = false;
-- UPDATE public.settings SET value = 'https://staging.example' WHERE key = 'base_url';

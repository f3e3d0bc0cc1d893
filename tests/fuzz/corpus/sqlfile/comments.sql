/* a /* b; */ -- c
*/ SELECT 1 -- d ' 
+ 2; -- e
  -- f
(SELECT (3
-- g
));
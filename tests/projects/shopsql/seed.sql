-- 200,050 users, 40 companies, 2,000 products, 60,000 orders with 120,000 items.
INSERT INTO companies (name) SELECT 'company ' || n FROM generate_series(1, 40) n;
INSERT INTO users (company_id, email, full_name, phone)
SELECT 1 + n % 40, 'user' || n || '@example.com', 'User ' || n, '+49 30 ' || n
  FROM generate_series(1, 200050) n;
INSERT INTO products (company_id, name, sku, price)
SELECT 1 + n % 40, 'product ' || n, 'SKU-' || n, n % 900 + 0.99 FROM generate_series(1, 2000) n;
INSERT INTO orders (user_id) SELECT 1 + n * 3 % 200050 FROM generate_series(1, 60000) n;
INSERT INTO order_items (order_id, product_id, quantity, price)
SELECT 1 + n % 60000, 1 + n % 2000, 1 + n % 5, n % 900 + 0.99 FROM generate_series(1, 120000) n;

import "mysql2";

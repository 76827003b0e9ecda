CREATE TABLE `users` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`email` varchar(190) NOT NULL,
	CONSTRAINT `users_id` PRIMARY KEY(`id`),
	CONSTRAINT `users_email` UNIQUE(`email`)
) COLLATE utf8mb4_unicode_ci
--> statement-breakpoint
CREATE TABLE `posts` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`author_id` bigint NOT NULL,
	`title` varchar(200) NOT NULL DEFAULT '',
	CONSTRAINT `posts_id` PRIMARY KEY(`id`)
) COLLATE utf8mb4_unicode_ci
--> statement-breakpoint
CREATE INDEX `posts_author` ON `posts` (`author_id`);--> statement-breakpoint
ALTER TABLE `posts` ADD CONSTRAINT `posts_author_fk` FOREIGN KEY (`author_id`) REFERENCES `users`(`id`) ON DELETE cascade;

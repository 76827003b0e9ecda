/*
  Warnings:

  - You are about to drop the column `headline` on the `posts` table. All the data in the column will be lost.

*/
-- AlterTable
ALTER TABLE `posts` DROP COLUMN `headline`,
    ADD COLUMN `title` VARCHAR(200) NOT NULL DEFAULT '';

-- AlterTable
ALTER TABLE `users` ADD COLUMN `name` VARCHAR(100) NULL;
